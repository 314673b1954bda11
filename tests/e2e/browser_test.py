"""The page in a real browser (browser.mjs), against the real program."""
import os
import pathlib
import subprocess
import unittest

from stack import BUILD, Stack

WALK = pathlib.Path(__file__).with_name("browser.mjs")


class Browser(unittest.TestCase):
    def test_page_works_in_both_modes(self):
        folder = BUILD / "e2e"
        with Stack() as stack:
            stack.serve()
            done = subprocess.run(
                ["node", WALK, "--url", f"http://127.0.0.1:{stack.ui_port}",
                 "--modules", folder, "--screenshots", folder / "screenshots"],
                env=os.environ, timeout=240)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()

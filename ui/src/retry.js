// When what failed is tried again. Pure. SPDX-License-Identifier: Apache-2.0

const FIRST_MS = 2_000;
const MOST_MS = 15_000;
const ABSENT_MS = 5_000;

// Milliseconds until the next try, after so many failures before; 0: it would fail again.
// What is not there (404) may be written by others.
export function retryDelay(problem, failures) {
  if (problem.status === 404) return ABSENT_MS;
  if (!problem.passing) return 0;
  const growing = Math.min(FIRST_MS * 2 ** failures, MOST_MS);
  return Math.max(growing, problem.retryAfter * 1000);
}

// The interactive API page. The bundle before this script defines SwaggerUIBundle.
// SPDX-License-Identifier: Apache-2.0
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () =>
  document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();

window.SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null, // no badge: it would tell another host about this one
});

// SPDX-License-Identifier: Apache-2.0
import '@picocss/pico/css/pico.min.css';
import './app.css';
import { render } from 'preact';
import { App } from './app.jsx';

render(<App />, document.getElementById('app'));

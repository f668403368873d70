/** The web page's start. */
import { render } from 'preact';
import { applyStoredTheme } from './parts/theme';
import { Shell } from './shell';

applyStoredTheme();
const place = document.getElementById('app');
if (place !== null) {
  place.replaceChildren();
  render(<Shell />, place);
}

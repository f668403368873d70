/** Writes the dashboards beside this file: `npm run build:dashboards`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DASHBOARDS, dashboardFile } from './dashboards';

for (const dashboard of DASHBOARDS) {
  writeFileSync(join(__dirname, `${dashboard.uid}.json`), dashboardFile(dashboard));
}

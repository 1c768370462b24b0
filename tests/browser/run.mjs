// SPDX-License-Identifier: BSD-2-Clause
// All tests, counted together.

import { runTests } from './harness.mjs';
import exports from './test_exports.mjs';
import report from './test_report.mjs';
import timeline from './test_timeline.mjs';

await runTests({ ...exports, ...report, ...timeline });

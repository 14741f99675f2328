/**
 * What every suite measures and reports with: processes and what they spend, rounds that take turns, medians, tables. A
 * suite runs on the main thread; load generators have threads of their own.
 */
@NullMarked
package io.solaster.benchmarks.rig;

import org.jspecify.annotations.NullMarked;

/**
 * What finds the endpoints behind a name, and tells of changes. {@code upstream} starts and closes it; an application gives
 * one of its own. Each says on which thread it tells.
 */
@NullMarked
package io.solaster.pool.discovery;

import org.jspecify.annotations.NullMarked;

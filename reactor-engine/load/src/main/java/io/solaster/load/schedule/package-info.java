/**
 * When requests are due: constant, Poisson, steps, ramps, and what was recorded. Pure arithmetic without a clock; a
 * {@link io.solaster.load.schedule.Schedule} may be used by any thread, its arrivals by one.
 */
@NullMarked
package io.solaster.load.schedule;

import org.jspecify.annotations.NullMarked;

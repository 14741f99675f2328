/** What finds endpoints to be sick, and well again: checks, ejection of outliers, circuit breakers. */
@NullMarked
package io.solaster.pool.health;

import org.jspecify.annotations.NullMarked;

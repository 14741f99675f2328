/**
 * What finds endpoints to be sick, and well again: checks, ejection of outliers, circuit breakers. {@code upstream} calls it,
 * checks on the shard that keeps the books, breakers on each shard; an application gives a check of its own.
 */
@NullMarked
package io.solaster.pool.health;

import org.jspecify.annotations.NullMarked;

/**
 * Spring Cloud Stream's binder {@code solaster}: destinations are topics of this process. Called by Spring; handlers run in forks on
 * the shards that have the partitions.
 */
@NullMarked
package io.solaster.binder;

import org.jspecify.annotations.NullMarked;

/**
 * What is published: on which shard a channel is at home, and how messages look to clients. On the owning shard.
 */
@Internal
@NullMarked
package io.solaster.store.message;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;

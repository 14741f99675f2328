/**
 * What clients have read and keep a copy of, and how they hear that it has changed ({@code CLIENT TRACKING}). The shard that owns
 * a key knows who has read it; it tells the shard of the client, which tells the client. One
 * {@link io.solaster.store.tracking.TrackingShard} a shard. On the owning shard only.
 */
@Internal
@NullMarked
package io.solaster.store.tracking;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;

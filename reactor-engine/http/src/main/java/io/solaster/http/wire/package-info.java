/**
 * What every protocol's connection needs: text and headers where they lie, chunks, lines written straight into memory,
 * limits, deadlines and a polite end. Knows nothing of exchanges. Called by the protocols, on the owning shard.
 */
@Internal
@NullMarked
package io.solaster.http.wire;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;

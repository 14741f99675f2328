/**
 * Compresses bodies for clients that accept it: which encoding is taken, and what encodes. An encoder is used by one
 * response at a time, on the owning shard.
 */
@Internal
@NullMarked
package io.solaster.http.encoding;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;

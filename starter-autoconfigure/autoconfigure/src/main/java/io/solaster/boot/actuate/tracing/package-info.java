/**
 * Spans of sampled requests and of calls between shards: the wiring, and what keeps the application's sampler from deciding
 * twice.
 */
@NullMarked
package io.solaster.boot.actuate.tracing;

import org.jspecify.annotations.NullMarked;

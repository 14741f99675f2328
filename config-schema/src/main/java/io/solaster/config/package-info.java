/**
 * The ground of Solaster: what is configured below {@code solaster.*}, as records. This room holds the root, the engine,
 * and all else that is neither a server nor a pool of connections; with it the exception that tells everything that is
 * wrong. What the records consist of stands in {@code value}, {@code server} and {@code pool}, which know nothing of this
 * room; {@code plan} places shards by it, and {@code check} reads, checks and compares it.
 * Holds more than 20 files because each part of the configuration below the root is a record.
 *
 * <p>
 * Every module may use it. The records cannot change: any thread. Holds more than 20 files
 * because each record of the engine and of what stands beside it is one.
 */
@NullMarked
package io.solaster.config;

import org.jspecify.annotations.NullMarked;

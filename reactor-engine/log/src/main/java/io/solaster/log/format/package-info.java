/**
 * How a log lies on the disk: names, headers and records, and how they are read and checked. Blocking code, for threads that may
 * wait for a disk and virtual threads of a shard. Called by the log itself and by its command.
 */
@Internal
@NullMarked
package io.solaster.log.format;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;

/**
 * Files that Redis has written, read from their beginning to their check sum: for the command that takes one over into a server,
 * and for a store that begins with one. On any thread, which waits for the disk.
 */
@Internal
@NullMarked
package io.solaster.store.rdb.file;

import io.solaster.config.Internal;
import org.jspecify.annotations.NullMarked;

/**
 * Append logs on the disk, one a shard: {@link io.solaster.log.Log} opens them, {@link io.solaster.log.ShardLog} is what a shard
 * appends to. Its README tells what is promised, and how the files look.
 */
@NullMarked
package io.solaster.log;

import org.jspecify.annotations.NullMarked;

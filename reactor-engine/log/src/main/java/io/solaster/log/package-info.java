/**
 * Append logs on the disk, one a shard: {@link io.solaster.log.Log} opens them, {@link io.solaster.log.ShardLog} is what a shard
 * appends to. Its README tells what is promised, and how the files look. Holds more than 20 files because what users see of a log and
 * what writes, reads, rolls and compacts it share one shard's state, which no other room is to see.
 */
@NullMarked
package io.solaster.log;

import org.jspecify.annotations.NullMarked;

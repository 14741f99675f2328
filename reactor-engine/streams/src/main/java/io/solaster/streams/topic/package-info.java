/**
 * What a topic is on each shard: its partitions, the log that has their entries, and how far each group has come. All calls on the
 * shard whose part they concern, unless a method says otherwise.
 */
@NullMarked
package io.solaster.streams.topic;

import org.jspecify.annotations.NullMarked;

/**
 * What a topic is on each shard: its partitions, the log that has their entries, and how far each group has come. All calls on the
 * shard whose part they concern, unless a method says otherwise. Holds more than 20 files because all of them read or write the state of
 * one shard's part, or its records, which no other room is to see.
 */
@NullMarked
package io.solaster.streams.topic;

import org.jspecify.annotations.NullMarked;

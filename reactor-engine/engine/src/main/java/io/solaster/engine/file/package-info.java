/**
 * Files on shards. {@link io.solaster.engine.file.ShardFiles} and {@link io.solaster.engine.file.ShardFile} are what is used, each
 * on its shard; {@link io.solaster.engine.file.Disk} is what they stand on: the machine's, or one that a test simulates.
 */
@NullMarked
package io.solaster.engine.file;

import org.jspecify.annotations.NullMarked;

/**
 * Files on shards. {@link io.solaster.engine.file.ShardFiles} and {@link io.solaster.engine.file.ShardFile} are what is used, each
 * on its shard; {@link io.solaster.engine.file.Disk} is what they stand on: the machine's, or one that a test simulates. Holds
 * more than 20 files because the disk is reached in two ways, by threads and by a ring.
 */
@NullMarked
package io.solaster.engine.file;

import org.jspecify.annotations.NullMarked;

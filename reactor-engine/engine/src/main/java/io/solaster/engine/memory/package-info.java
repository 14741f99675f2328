/**
 * Memory: {@link io.solaster.engine.memory.ShardMemory} with a shard's object pools, buffers that are used again, and what
 * lies outside the heap: raw access, blocks from the C allocator, pages from the kernel, and
 * {@link io.solaster.engine.memory.Slabs} of many small blocks.
 */
@NullMarked
package io.solaster.engine.memory;

import org.jspecify.annotations.NullMarked;

/** Memory outside the heap: raw access, and blocks from the C allocator. */
@NullMarked
package io.solaster.engine.memory;

import org.jspecify.annotations.NullMarked;

/** Memory outside the heap that is counted, and runs out when a test says so. For one thread. */
@NullMarked
package io.solaster.testkit.memory;

import org.jspecify.annotations.NullMarked;

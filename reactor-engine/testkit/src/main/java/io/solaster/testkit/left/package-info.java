/**
 * What tests leave behind: forks, timers, calls, buffers, sockets, descriptors and threads, by name and by the line that
 * made them. For {@code io.solaster.testkit.junit}, and for whoever ties the kit to another framework. Any thread.
 */
@NullMarked
package io.solaster.testkit.left;

import org.jspecify.annotations.NullMarked;

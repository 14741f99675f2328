/** Pools of client connections as beans, and behind Spring's HTTP clients: wiring only. */
@NullMarked
package io.solaster.boot.pool;

import org.jspecify.annotations.NullMarked;

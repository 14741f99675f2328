/** Pools of client connections in a Spring application: started, drained and changed with it, and behind its HTTP clients. */
@NullMarked
package io.solaster.spring.pool;

import org.jspecify.annotations.NullMarked;

/**
 * What the kernel is asked for sockets with: the choice of a transport, and the groups in front of it. The engine calls
 * it at its start, and the loop in each turn.
 */
@NullMarked
package io.solaster.engine.transport;

import org.jspecify.annotations.NullMarked;

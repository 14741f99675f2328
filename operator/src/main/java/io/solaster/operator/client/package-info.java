/**
 * How the operator reads what an API server has: one object that cannot be read keeps no other from being read. Whoever
 * makes a client comes here; what is read here belongs to the thread that asked for it.
 */
@NullMarked
package io.solaster.operator.client;

import org.jspecify.annotations.NullMarked;

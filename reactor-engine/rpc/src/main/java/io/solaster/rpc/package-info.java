/**
 * Calls between processes: methods, codecs, services and their handlers, statuses, options, limits. Applications name these from any
 * thread, unless a class says otherwise. Who serves is in {@code server}, who calls in {@code client}.
 */
@NullMarked
package io.solaster.rpc;

import org.jspecify.annotations.NullMarked;

/**
 * What a call over lanes costs, beside a GET of the store on the same CPU: {@code rpc.sh} runs it. Main classes, each in a process of
 * its own.
 */
@NullMarked
package io.solaster.benchmarks.rpc;

import org.jspecify.annotations.NullMarked;

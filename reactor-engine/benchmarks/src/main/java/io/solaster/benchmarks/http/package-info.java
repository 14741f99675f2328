/**
 * HTTP and WebSocket beside other servers, each in a process of its own. Started by {@code http.sh}.
 */
@NullMarked
package io.solaster.benchmarks.http;

import org.jspecify.annotations.NullMarked;

/** Requests and calls between shards as Micrometer's observations. */
@NullMarked
package io.solaster.spring.trace;

import org.jspecify.annotations.NullMarked;

/** WebFlux on HTTP that the shards serve. */
@NullMarked
package io.solaster.boot.web;

import org.jspecify.annotations.NullMarked;

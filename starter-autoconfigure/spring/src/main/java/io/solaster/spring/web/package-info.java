/**
 * WebFlux on HTTP that the shards serve: Spring's reactive request and response over {@link io.solaster.http}, and the
 * server that Spring Boot starts and stops. Needs {@code solaster-http} and WebFlux.
 */
@NullMarked
package io.solaster.spring.web;

import org.jspecify.annotations.NullMarked;

/**
 * Tests of Spring Boot applications on shards: {@link io.solaster.test.SolasterBootTest}. On JUnit's threads, and Spring's
 * own. The kit without Spring is {@code io.solaster.testkit}.
 */
@NullMarked
package io.solaster.test;

import org.jspecify.annotations.NullMarked;

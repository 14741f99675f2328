/**
 * Tests of sharded services with JUnit Jupiter 6: {@link io.solaster.testkit.junit.SolasterTest} gives a test an engine and
 * what belongs to it, and looks afterwards for what the test has left. On JUnit's threads; what is marked
 * {@link io.solaster.testkit.junit.OnShard} runs in a fork of a shard.
 */
@NullMarked
package io.solaster.testkit.junit;

import org.jspecify.annotations.NullMarked;

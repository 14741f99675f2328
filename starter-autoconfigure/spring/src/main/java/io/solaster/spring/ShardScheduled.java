package io.solaster.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Runs a method again and again on each shard, by the shard's own timers: of a {@link ShardScope} bean each instance on
 * its shard, of a singleton the one bean on every shard, each at its own time. A singleton's method must touch only what
 * is sharded; {@code shards = "0"} has it run on one.
 *
 * <p>
 * The method takes nothing, or the {@link io.solaster.engine.Shard}. It returns void; or a {@code CompletionStage} or
 * {@code Mono}, and is not called again before that is done. What it throws is counted, logged (the same cause once a
 * minute) and harms no later run. It begins when the application has started, and ends before beans are destroyed.
 *
 * <p>
 * Durations are written as Spring reads them ({@code 10s}, {@code 500ms}, {@code PT1M}); placeholders are resolved.
 */
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface ShardScheduled {

    /** From one beginning to the next. Times that are missed are left out. This or {@link #fixedDelay}. */
    String fixedRate() default "";

    /** From the end of one run to the beginning of the next. This or {@link #fixedRate}. */
    String fixedDelay() default "";

    /** Before the first run; none unless given. */
    String initialDelay() default "";

    /** The scheduling group that the method runs in. */
    String group() default "background";

    /** The shards that it runs on, such as {@code 0} or {@code 0-3,8}; all unless given. Those that are not there are left out. */
    String shards() default "";

    /** Whether it is straight-line code that waits: it then runs in a fork of the shard, else on the loop itself. */
    boolean fork() default false;
}

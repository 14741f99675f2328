package io.solaster.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Has a method take the entries of a topic for a group. It runs in a fork of the shard that owns the entry's partition, so it
 * may be written in a straight line; of a {@link ShardScope} bean, that shard's instance takes them.
 *
 * <p>
 * The method takes the payload, converted to its parameter's type by Spring's {@code MessageConverter}; what is annotated with
 * {@code @Header} or {@code @Headers}; the {@code Message}; the {@link io.solaster.engine.Shard}. It returns void; or a
 * {@code CompletionStage} or {@code Mono}, which is waited for. When it has returned, the entry is acknowledged. When it fails
 * it is called again after the back-off, and after so many attempts the entry goes to the dead-letter topic; without one, it is
 * tried for good, at the longest back-off, and never lost. A method may get an entry twice: after a crash, or where it was
 * interrupted.
 *
 * <p>
 * Placeholders are resolved. Durations are written as Spring reads them ({@code 10s}, {@code 500ms}, {@code PT1M}).
 */
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface TopicListener {

    /** The topic, one of {@code solaster.topics}. */
    String topic();

    /** The group whose entries the method takes; {@code spring.application.name} unless given. */
    String group() default "${spring.application.name:}";

    /** Whether a group that is not there yet begins with the oldest entry that is kept, or with what is published next. */
    Start start() default Start.OLDEST;

    /** How many entries each shard has under way at once. */
    String concurrency() default "16";

    /** How often an entry is tried before it goes to the dead-letter topic. */
    String attempts() default "3";

    /** From a failure to the next attempt; twice as long after each further one. */
    String backOff() default "1s";

    /** The longest that {@link #backOff} gets. */
    String maxBackOff() default "30s";

    /** Where entries go that have failed at each attempt, one of {@code solaster.topics}; none unless given. */
    String deadLetter() default "";

    /** The longest that an attempt may take; then its fork is interrupted and the attempt has failed. None unless given. */
    String timeout() default "";

    /** The scheduling group that the method runs in. */
    String schedulingGroup() default "default";

    /** Where a new group begins. */
    enum Start {
        /** With the oldest entry that is kept. */
        OLDEST,
        /** With what is published from then on. */
        NEXT
    }
}

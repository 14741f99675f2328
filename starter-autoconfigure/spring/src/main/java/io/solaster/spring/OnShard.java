package io.solaster.spring;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Routes calls of a method to the shard that owns a key: of a {@link ShardScope} bean, to that shard's instance. Put it on
 * a public method that returns {@code CompletionStage}, {@code CompletableFuture} or {@code Mono}; another one is refused
 * when the application starts. Any thread may call. On the shard the method runs on the loop and must not block; the
 * result comes home to the shard that called, and what is thrown keeps its type.
 *
 * <p>
 * It is the proxy that routes: calls within the bean ({@code this}), and of an instance that {@code Sharded} hands out,
 * run where they are. The programmatic way is {@code engine.submitTo(engine.shardOf(key), ...)}.
 */
@Target({ElementType.METHOD, ElementType.ANNOTATION_TYPE})
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface OnShard {

    /**
     * The key, as {@link io.solaster.engine.Engine#shardOf} takes it: a parameter ({@code #id}) or any expression of
     * Spring's language over parameters ({@code #order.customer().id()}). It is evaluated on the calling thread; null
     * fails the call. May be left out where there is one parameter.
     */
    String key() default "";

    /** The scheduling group that the method runs in; the caller's unless named. Placeholders are resolved. */
    String group() default "";

    /**
     * How long the caller waits for the answer, such as {@code 500ms}; then the call fails with
     * {@link java.util.concurrent.TimeoutException}. For as long as it takes, unless given. Placeholders are resolved.
     */
    String timeout() default "";
}

package io.solaster.boot.pool;

import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import io.solaster.config.InvalidConfigException;
import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.pool.PoolConfig;
import io.solaster.pool.http.PooledHttpClient;
import io.solaster.spring.pool.PoolKey;
import io.solaster.spring.pool.Pools;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.MethodParameter;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.core.env.Environment;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.invoker.HttpRequestValues;
import org.springframework.web.service.invoker.HttpServiceArgumentResolver;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;
import org.springframework.web.service.registry.HttpServiceGroup;

/** What HTTP service groups and the pools of their names have to do with each other. */
final class PoolGroups {
    /** Before Spring Boot's, so that a URL that is configured stands. */
    static final int BEFORE_BOOT = Ordered.HIGHEST_PRECEDENCE;
    /** After Spring Boot's, which set a client of their own up to 0, and before the application's. */
    static final int AFTER_BOOT = 10;

    private static final Logger log = LoggerFactory.getLogger(PoolGroups.class);
    private static final String WEB_ANNOTATIONS = "org.springframework.web.bind.annotation";
    /** Spring Boot's keys that a pool takes no notice of, and what says the same of a pool. */
    private static final Map<String, String> IGNORED = ignored();

    private final Pools pools;
    private final Environment environment;

    PoolGroups(Pools pools, Environment environment) {
        this.pools = pools;
        this.environment = environment;
    }

    private static Map<String, String> ignored() {
        Map<String, String> ignored = new LinkedHashMap<>();
        ignored.put("connect-timeout", "connections.connect-timeout");
        ignored.put("read-timeout", "requests.timeout");
        ignored.put("ssl.bundle", "ssl.bundle");
        ignored.put("redirects", "");
        ignored.put("cookie-handling", "");
        return ignored;
    }

    /** Whether a group has a pool of its name that speaks HTTP. */
    static boolean speakHttp(Pools pools, String group) {
        return pools.find(group).filter(pool -> pool.client() instanceof PooledHttpClient).isPresent();
    }

    /**
     * Has arguments be keys, and refuses what would go wrong with each request.
     *
     * @throws InvalidConfigException where a request would go out in clear text that is to be encrypted, or has no key
     */
    void check(HttpServiceGroup group, HttpServiceProxyFactory.Builder factory) {
        String pool = group.name();
        PoolConfig config = pools.get(pool).config();
        factory.customArgumentResolver(new KeyArgument());
        String url = GroupUrl.of(environment, pool);
        if (url != null && url.regionMatches(true, 0, "https:", 0, 6) && !config.ssl().isUsed()) {
            throw new InvalidConfigException(List.of(new Violation("solaster.pools." + pool + ".ssl.enabled", "",
                    "spring.http.serviceclient." + pool + ".base-url is " + url
                            + ", and the pool would send it in clear text",
                    "write true, or an ssl.bundle, or let the URL begin with http:")));
        }
        if (config.balancing().goesByKeys() && config.balancing().key() == null && !pools.findsKeys(pool)) {
            List<String> keyless = group.httpServiceTypes().stream().flatMap(type -> Stream.of(type.getMethods()))
                    .filter(PoolGroups::hasNoKey)
                    .map(method -> method.getDeclaringClass().getSimpleName() + "." + method.getName()).sorted()
                    .toList();
            if (!keyless.isEmpty()) {
                throw new InvalidConfigException(List.of(new Violation("solaster.pools." + pool
                        + ".balancing.algorithm", config.balancing().algorithm().name(),
                        "it goes by keys, and the requests of " + String.join(", ", keyless) + " have none",
                        "put @PoolKey at an argument of each, or set solaster.pools." + pool + ".balancing.key to"
                                + " 'header:<name>' or 'cookie:<name>', or give a bean of type PoolKeySource, or take"
                                + " another algorithm")));
            }
        }
        warn(pool);
    }

    private static boolean hasNoKey(Method method) {
        return AnnotatedElementUtils.hasAnnotation(method, HttpExchange.class)
                && Stream.of(method.getParameters()).noneMatch(PoolGroups::isKey);
    }

    private static boolean isKey(Parameter parameter) {
        return parameter.isAnnotationPresent(PoolKey.class);
    }

    private void warn(String group) {
        List<String> found = new ArrayList<>();
        for (String prefix : List.of("spring.http.serviceclient." + group + ".", "spring.http.clients.")) {
            IGNORED.forEach((key, ours) -> {
                if (environment.containsProperty(prefix + key)) {
                    found.add(prefix + key + (ours.isEmpty()
                            ? " (pools have no such thing)"
                            : " (write solaster.pools." + group + "." + ours + ")"));
                }
            });
        }
        if (!found.isEmpty()) {
            log.warn("HTTP service group '{}' goes through the pool of its name, which takes no notice of {}", group,
                    String.join(", ", found));
        }
    }

    /** Makes an argument the request's key; one that is something else too is left to Spring for that. */
    private static final class KeyArgument implements HttpServiceArgumentResolver {

        @Override
        public boolean resolve(@Nullable Object argument, MethodParameter parameter,
                HttpRequestValues.Builder request) {
            if (!parameter.hasParameterAnnotation(PoolKey.class)) {
                return false;
            }
            if (argument != null) {
                request.addAttribute(PoolKey.ATTRIBUTE, argument);
            }
            return Arrays.stream(parameter.getParameterAnnotations()).noneMatch(
                    other -> other.annotationType().getPackageName().equals(WEB_ANNOTATIONS));
        }
    }
}

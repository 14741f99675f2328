package io.solaster.boot;

import java.util.ArrayList;
import java.util.List;

import io.solaster.config.InvalidConfigException.Violation;
import io.solaster.config.check.ConfigReport;
import io.solaster.config.check.ConfigValidator;
import io.solaster.spring.reload.ConfigCheck;
import org.springframework.boot.context.event.ApplicationEnvironmentPreparedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.util.ClassUtils;

/**
 * {@code java -jar app.jar --solaster.validate}: prints what is wrong in the configuration and ends the process, with 0 if
 * nothing keeps the application from starting, else with 1. Nothing is started, neither bean nor server; it runs once
 * Spring has read files, environment and arguments, and set up the logging.
 */
final class ConfigValidation implements ApplicationListener<ApplicationEnvironmentPreparedEvent>, Ordered {
    /** After Boot's own listeners for this event. */
    private static final int ORDER = Ordered.LOWEST_PRECEDENCE;

    @Override
    public void onApplicationEvent(ApplicationEnvironmentPreparedEvent event) {
        ConfigurableEnvironment environment = event.getEnvironment();
        String asked = environment.getProperty("solaster.validate");
        if (asked == null || !asked.isEmpty() && !Boolean.parseBoolean(asked)) {
            return;
        }
        ConfigReport report = check(environment);
        System.out.println(report.describe());
        System.out.flush();
        System.exit(report.isValid() ? 0 : 1);
    }

    static ConfigReport check(ConfigurableEnvironment environment) {
        ConfigReport report = new ConfigCheck().check(environment);
        List<String> own = new ArrayList<>();
        if (ClassUtils.isPresent("io.solaster.store.RespProtocol", null)) {
            own.add("resp");
        }
        if (ClassUtils.isPresent("io.solaster.http.server.HttpProtocol", null)) {
            own.add("http");
        }
        // There are no beans, and any of them may add a protocol.
        return report.plus(ConfigValidator.checkProtocols(report.config(), own).stream()
                .map(v -> Violation.warning(v.key(), v.value(), v.reason() + " unless the application adds it",
                        v.fix()))
                .toList())
                .plus(ConfigValidator.checkEndpoints(report.config(), List.of()).stream()
                        .map(v -> Violation.warning(v.key(), v.value(),
                                v.reason() + " unless a bean of type PoolConnectionDetails does", v.fix()))
                        .toList());
    }

    @Override
    public int getOrder() {
        return ORDER;
    }
}

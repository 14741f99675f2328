package io.solaster.config;

import org.springframework.boot.context.properties.bind.Binder;

/** The one way from properties to {@link SolasterConfig}: for the service, the operator and the command line. */
public final class ConfigBinder {

    private ConfigBinder() {}

    /**
     * Binds and validates {@code solaster.*}.
     *
     * @throws InvalidConfigException naming every violation
     */
    public static SolasterConfig bind(Binder binder) {
        return binder.bindOrCreate("solaster", SolasterConfig.class);
    }
}

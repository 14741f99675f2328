package io.solaster.boot.actuate;

import java.util.Set;

import org.springframework.boot.actuate.endpoint.Show;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who sees the values of {@code /actuator/solasterconfig} and of the live page.
 *
 * @param showValues when values are shown rather than asterisks
 * @param roles the roles that see them where they are shown when authorized; anybody authenticated if none is given
 */
@ConfigurationProperties("management.endpoint.solasterconfig")
record SolasterConfigEndpointProperties(@DefaultValue("never") Show showValues, @DefaultValue Set<String> roles) {}

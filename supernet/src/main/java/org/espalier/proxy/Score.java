package org.espalier.proxy;

import java.util.Map;

/**
 * What a proxy says of an architecture.
 *
 * @param value the mean over the repetitions; larger is better, NaN where it is undefined
 * @param deviation the (sample) standard deviation over the repetitions; 0 for a single one
 * @param parts the means of what was measured, by {@link Proxy#parts}
 */
public record Score(Proxy proxy, double value, double deviation, Map<String, Double> parts) {}

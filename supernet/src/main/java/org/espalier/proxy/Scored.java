package org.espalier.proxy;

import java.util.List;
import org.espalier.space.Genotype;

/** An architecture and its scores, in the order of the proxies that were asked for. */
public record Scored(Genotype genotype, List<Score> scores) {}

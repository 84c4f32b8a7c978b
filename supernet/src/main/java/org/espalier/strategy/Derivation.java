package org.espalier.strategy;

import java.util.List;
import org.espalier.space.Genotype;
import org.espalier.space.SearchSpace;
import org.espalier.tensor.Rng;
import org.jspecify.annotations.Nullable;

/**
 * What a strategy may look at when it reads the architecture off.
 *
 * @param space that was searched
 * @param alphas for each kind of cell, {@code [edges][candidates]}
 * @param policy that was learned, if any
 * @param settings for the comparison of architectures
 * @param scorer compares them
 * @param rng of the derivation
 */
public record Derivation(
    SearchSpace space,
    List<float[][]> alphas,
    @Nullable Policy policy,
    OneShot settings,
    Scorer scorer,
    Rng rng) {
  /** Architectures with the shared weights. */
  @FunctionalInterface
  public interface Scorer {
    /**
     * The share of right answers; costly.
     *
     * @param round that the architecture belongs to, counted from 1: for those who watch
     */
    double accuracy(int round, Genotype genotype, Protocol protocol);
  }
}

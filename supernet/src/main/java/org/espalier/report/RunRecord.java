package org.espalier.report;

import java.util.List;
import java.util.Map;
import org.espalier.space.CellGraph;

/**
 * All that a finished run has to tell: what its report is made from.
 *
 * @param title such as "drnas on nasbench201, fashion-mnist"
 * @param started ISO-8601 local date and time
 * @param seconds wall clock of the whole run
 * @param configuration the configuration as YAML
 * @param environment name to value: version, JDK, processor, threads, device, seed, data and its
 *     sizes ...
 * @param candidates names of the candidate operations, the columns of {@link SearchEpoch#weights}
 * @param edges for each kind of cell, the labels of its edges ("0 &rarr; 1"), the rows of {@link
 *     SearchEpoch#weights}
 * @param search the epochs of the search
 * @param training the epochs of all trainings
 * @param contenders the architectures that were trained, the found one first
 * @param scored the architectures that were scored with the shared weights after the search
 * @param cells drawings of the found architecture's cells
 * @param warnings plain sentences, such as that the search collapses
 */
public record RunRecord(
    String title,
    String started,
    double seconds,
    String configuration,
    Map<String, String> environment,
    List<String> candidates,
    Map<String, List<String>> edges,
    List<SearchEpoch> search,
    List<TrainEpoch> training,
    List<Contender> contenders,
    List<Scored> scored,
    List<CellGraph> cells,
    List<String> warnings) {}

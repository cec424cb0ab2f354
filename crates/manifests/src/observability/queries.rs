//! The queries of alerts and dashboard, in `PromQL`.
//!
//! The labels `namespace`, `pod` and, for adapters, `source` are added by the `PodMonitor`s; all
//! others are the binaries' own.

/// An alert.
pub(super) struct Alert {
    pub(super) name: &'static str,
    pub(super) query: &'static str,
    /// How long the query must have had a result.
    pub(super) lasting: &'static str,
    pub(super) severity: &'static str,
    pub(super) summary: &'static str,
    /// What to do.
    pub(super) description: &'static str,
}

/// A plot of the dashboard.
pub(super) struct Panel {
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    /// Queries, each with the name of its lines.
    pub(super) lines: &'static [(&'static str, &'static str)],
}

pub(super) const ALERTS: &[Alert] = &[
    Alert {
        name: "MnsOssSourceNoProgress",
        query: "sum by (namespace, source) (rate(adapter_messages_received_total[15m])) > 0 unless sum by (namespace, source) (rate(adapter_messages_total{outcome=\"done\"}[15m])) > 0",
        lasting: "15m",
        severity: "critical",
        summary: "{{ $labels.namespace }}/{{ $labels.source }} receives messages but completes none",
        description: "The sink accepts no event. `kubectl describe mnsosssource` and the log of the adapter have its responses.",
    },
    Alert {
        name: "MnsOssSourceCannotReceive",
        query: "sum by (namespace, source) (rate(adapter_mns_calls_total{operation=\"receive\",result=\"failure\"}[10m])) > 0 unless sum by (namespace, source) (rate(adapter_mns_calls_total{operation=\"receive\",result=~\"success|empty\"}[10m])) > 0",
        lasting: "10m",
        severity: "critical",
        summary: "{{ $labels.namespace }}/{{ $labels.source }} cannot receive from MNS",
        description: "The log of the adapter has the cause: the key, its permissions, the queue or the network.",
    },
    Alert {
        name: "MnsOssSourceDeadLetters",
        query: "sum by (namespace, source) (increase(adapter_events_total{outcome=~\"dead_lettered|kept\"}[15m])) > 0",
        lasting: "0m",
        severity: "warning",
        summary: "{{ $labels.namespace }}/{{ $labels.source }} drops events or sends them to the dead letter sink",
        description: "The sink rejects them. Dead letters say why in `knativeerrorcode` and `knativeerrordata`; without a dead letter sink the events stay in the queue until its retention ends.",
    },
    Alert {
        name: "MnsOssSourceOldMessages",
        query: "max by (namespace_name, name) (source_controller_queue_next_message_age_seconds) > 900",
        lasting: "5m",
        severity: "warning",
        summary: "Messages of {{ $labels.namespace_name }}/{{ $labels.name }} wait for more than a quarter of an hour",
        description: "No adapter runs, or there are too few: see `spec.consumers`, and the sink's own speed.",
    },
    Alert {
        name: "MnsOssSourceBudgetFull",
        query: "max by (namespace, source) (adapter_messages_held / adapter_messages_held_limit) > 0.9",
        lasting: "15m",
        severity: "warning",
        summary: "{{ $labels.namespace }}/{{ $labels.source }} is at its limit of messages in flight",
        description: "The sink is slower than the queue. A faster sink helps, or more `spec.consumers` if the sink can handle more.",
    },
    Alert {
        name: "FaceRecognitionAnalysisFailing",
        query: "sum by (namespace) (rate(face_analyses_total{result=\"Failure\"}[10m])) / sum by (namespace) (rate(face_analyses_total[10m])) > 0.5",
        lasting: "10m",
        severity: "critical",
        summary: "The face API fails for more than half of the photos in {{ $labels.namespace }}",
        description: "The log of the face service has the causes: quota, key, permissions, or a fault of the cloud.",
    },
    Alert {
        name: "MnsOssSourceControllerWithoutLeader",
        query: "max(source_controller_leader) < 1 or absent(source_controller_leader)",
        lasting: "10m",
        severity: "warning",
        summary: "No MnsOssSource controller is the leader",
        description: "Adapters go on; changes of sources wait. Check the pods of the controller and their lease.",
    },
];

pub(super) const PANELS: &[Panel] = &[
    Panel {
        title: "Messages by outcome",
        unit: "ops",
        lines: &[
            ("sum(rate(adapter_messages_received_total[5m]))", "received"),
            (
                "sum by (outcome) (rate(adapter_messages_total[5m]))",
                "{{outcome}}",
            ),
        ],
    },
    Panel {
        title: "Events by outcome",
        unit: "ops",
        lines: &[(
            "sum by (outcome) (rate(adapter_events_total[5m]))",
            "{{outcome}}",
        )],
    },
    Panel {
        title: "Messages in the queue",
        unit: "short",
        lines: &[(
            "sum by (namespace_name, name, state) (source_controller_queue_messages)",
            "{{namespace_name}}/{{name}} {{state}}",
        )],
    },
    Panel {
        title: "Age of the next message",
        unit: "s",
        lines: &[(
            "max by (namespace_name, name) (source_controller_queue_next_message_age_seconds)",
            "{{namespace_name}}/{{name}}",
        )],
    },
    Panel {
        title: "Messages in flight, as part of the limit",
        unit: "percentunit",
        lines: &[(
            "max by (namespace, source) (adapter_messages_held / adapter_messages_held_limit)",
            "{{namespace}}/{{source}}",
        )],
    },
    Panel {
        title: "Responses of sinks",
        unit: "ops",
        lines: &[(
            "sum by (target, result) (rate(adapter_attempts_total[5m]))",
            "{{target}} {{result}}",
        )],
    },
    Panel {
        title: "Response time of sinks",
        unit: "s",
        lines: &[
            (
                "histogram_quantile(0.5, sum by (le) (rate(http_client_request_duration_seconds_bucket{source=~\".+\",http_request_method=\"POST\"}[5m])))",
                "median",
            ),
            (
                "histogram_quantile(0.99, sum by (le) (rate(http_client_request_duration_seconds_bucket{source=~\".+\",http_request_method=\"POST\"}[5m])))",
                "99 %",
            ),
        ],
    },
    Panel {
        title: "Calls to MNS",
        unit: "ops",
        lines: &[(
            "sum by (operation, result) (rate(adapter_mns_calls_total[5m]))",
            "{{operation}} {{result}}",
        )],
    },
    Panel {
        title: "Photos by outcome",
        unit: "ops",
        lines: &[(
            "sum by (outcome) (rate(face_events_total[5m]))",
            "{{outcome}}",
        )],
    },
    Panel {
        title: "Analyses that fail",
        unit: "percentunit",
        lines: &[(
            "sum(rate(face_analyses_total{result=\"Failure\"}[5m])) / sum(rate(face_analyses_total[5m]))",
            "failed",
        )],
    },
    Panel {
        title: "Time of each stage, 95 %",
        unit: "s",
        lines: &[(
            "histogram_quantile(0.95, sum by (stage, le) (rate(face_stage_duration_seconds_bucket[5m])))",
            "{{stage}}",
        )],
    },
    Panel {
        title: "In progress at the face service",
        unit: "short",
        lines: &[
            ("sum(face_photos_in_work)", "photos"),
            ("sum(face_requests_in_work)", "requests"),
        ],
    },
    Panel {
        title: "Reconciles by outcome",
        unit: "ops",
        lines: &[(
            "sum by (outcome) (rate(source_controller_reconciles_total[5m]))",
            "{{outcome}}",
        )],
    },
    Panel {
        title: "Duration of reconciles, 95 %",
        unit: "s",
        lines: &[(
            "histogram_quantile(0.95, sum by (le) (rate(source_controller_reconcile_duration_seconds_bucket[5m])))",
            "95 %",
        )],
    },
];

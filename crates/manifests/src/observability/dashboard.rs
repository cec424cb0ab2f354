//! The dashboard, in the JSON that Grafana imports.

use serde_json::{Value, json};

use super::queries::{PANELS, Panel};

/// Grafana divides its page into so many columns.
const COLUMNS: usize = 24;
const PANELS_IN_A_ROW: usize = 2;
const HEIGHT: usize = 8;

pub(super) fn text() -> String {
    let panels: Vec<_> = PANELS.iter().enumerate().map(panel).collect();
    let source = json!({
        "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus",
    });
    let dashboard = json!({
        "uid": "mnsoss-source",
        "title": "MnsOssSource and face-recognition",
        "tags": ["knative", "mnsoss"],
        "schemaVersion": 39,
        "editable": true,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [source]},
        "panels": panels,
    });
    format!("{dashboard:#}\n")
}

fn panel((index, panel): (usize, &Panel)) -> Value {
    let width = COLUMNS / PANELS_IN_A_ROW;
    let (column, row) = (index % PANELS_IN_A_ROW, index / PANELS_IN_A_ROW);
    let source = json!({"type": "prometheus", "uid": "${datasource}"});
    let targets = panel.lines.iter().zip('A'..).map(|((query, name), id)| {
        json!({"refId": id, "datasource": source, "expr": query, "legendFormat": name})
    });
    json!({
        "id": index + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": {"x": column * width, "y": row * HEIGHT, "w": width, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets.collect::<Vec<_>>(),
    })
}

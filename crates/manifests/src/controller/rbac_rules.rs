//! The RBAC rules. A comment above each rule says what it is needed for.

use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, PolicyRule, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_saphyr::Commented;
use source_api::names::CONTROLLER;

use crate::config::{CONTROLLER_NAMESPACE, Config};
use crate::file::File;
use crate::metadata::{cluster_wide, named, namespaced, ours, with_labels};
use crate::rbac::{GROUP, Role, SOURCES, role, rule};
use crate::yaml::RenderError;

const PATH: &str = "controller/rights.yaml";
const READ: &[&str] = &["get", "list", "watch"];
/// A role of Knative Eventing that allows reading every kind that can be a sink.
const SINKS: &str = "addressable-resolver";
/// Namespace of Knative Eventing.
const KNATIVE: &str = "knative-eventing";
/// The role that the walkthrough binds to the adapter's account.
pub(crate) const ADAPTER_ROLE: &str = "eventing-sources-mnsoss-controller";

/// The permissions of the controller, limited to those that it uses.
pub(super) fn controller_rbac(config: &Config) -> Result<File, RenderError> {
    let file = if config.controller_namespaces.is_empty() {
        cluster_role(config)?
    } else {
        namespaced_roles(config)?
    };
    let own = namespaced(CONTROLLER, &config.controller_namespace);
    file.with(&Role::namespaced(ours(own.clone()), lease_rules()))?
        .with(&bound_in(config, own, role("Role", CONTROLLER)))
}

/// One role for the whole cluster.
fn cluster_role(config: &Config) -> Result<File, RenderError> {
    let comment = "Permissions of the controller. It reads Secrets of every namespace that has sources;\n\
                   adapters read none and have no permissions at all.";
    let rules = source_rules(config).into_iter().chain(definition_rules());
    File::new(PATH, comment)
        .with(&Role::cluster(controllers(config, ""), rules.collect()))?
        .with(&bound(config, "", &role_name(config)))?
        .with(&bound(config, &format!("-{SINKS}"), SINKS))
}

/// One role for each namespace, and for the whole cluster only the definitions of kinds.
fn namespaced_roles(config: &Config) -> Result<File, RenderError> {
    let comment = "Permissions of the controller, in the namespaces whose sources it reconciles. It reads\n\
                   Secrets there; adapters read none and have no permissions at all. In Knative Eventing's\n\
                   namespace, which must exist, it reads ConfigMaps.";
    let mut file = File::new(PATH, comment)
        .with(&Role::cluster(controllers(config, ""), definition_rules()))?
        .with(&bound(config, "", &role_name(config)))?;
    let name = format!("{CONTROLLER}-sources");
    let sinks = format!("{CONTROLLER}-{SINKS}");
    for namespace in &config.controller_namespaces {
        let metadata = namespaced(&name, namespace);
        file = file
            .with(&Role::namespaced(
                ours(metadata.clone()),
                source_rules(config),
            ))?
            .with(&bound_in(config, metadata, role("Role", &name)))?
            .with(&bound_in(
                config,
                namespaced(&sinks, namespace),
                role("ClusterRole", SINKS),
            ))?;
    }
    let metadata = controllers(config, "-knative");
    let name = metadata.name.clone().unwrap_or_default();
    let metadata = ObjectMeta {
        namespace: Some(KNATIVE.to_owned()),
        ..metadata
    };
    file.with(&Role::namespaced(metadata.clone(), knative_rules()))?
        .with(&bound_in(config, metadata, role("Role", &name)))
}

/// Permissions of others on sources.
pub(super) fn aggregated_roles() -> Result<File, RenderError> {
    let comment =
        "Permissions on sources, aggregated into the cluster's roles admin, edit and view.";
    File::new("controller/rights-of-others.yaml", comment)
        .with(&observer())?
        .with(&owner())?
        .with(&aggregated(
            "admin",
            "Users who administer a namespace.",
            &["*"],
        ))?
        .with(&aggregated(
            "edit",
            "Users who work in a namespace.",
            &["*"],
        ))?
        .with(&aggregated("view", "Users who view a namespace.", READ))?
        .with(&adapter())
}

/// For cluster-scoped objects.
fn definition_rules() -> Vec<Commented<PolicyRule>> {
    vec![rule(
        "Sinks: CustomResourceDefinitions that are installed later, or change their versions.",
        "apiextensions.k8s.io",
        &["customresourcedefinitions"],
        &["list", "watch"],
    )]
}

/// In every namespace that has sources.
fn source_rules(config: &Config) -> Vec<Commented<PolicyRule>> {
    let mut rules = vec![
        rule(
            "Controller: its sources, and the finalizer on them.",
            GROUP,
            &[SOURCES],
            &["get", "list", "watch", "patch"],
        ),
        rule(
            "Controller: the status of its sources.",
            GROUP,
            &[&status()],
            &["patch"],
        ),
        rule(
            "Controller: owner references that block deletion, where clusters check them.",
            GROUP,
            &[&format!("{SOURCES}/finalizers")],
            &["update"],
        ),
        rule(
            "Adapters: their Deployments.",
            "apps",
            &["deployments"],
            &["get", "list", "watch", "create", "patch"],
        ),
        rule(
            "Adapters: the budget for evictions of a source with several consumers.",
            "policy",
            &["poddisruptionbudgets"],
            &["create", "patch", "delete"],
        ),
        rule(
            "Trust bundles: those with the label, and the certificates of all of them for each adapter.",
            "",
            &["configmaps"],
            &["list", "watch", "create", "patch"],
        ),
        rule(
            "Credentials: the Secret that a source names; the watch reads metadata only, and reports new keys.",
            "",
            &["secrets"],
            READ,
        ),
        rule(
            "Sinks that expect tokens (OIDC): the source's own ServiceAccount, which runs its adapter.",
            "",
            &["serviceaccounts"],
            &["get", "create", "delete"],
        ),
        rule(
            "Sinks: Services of Kubernetes; addressable-resolver allows the others.",
            "",
            &["services"],
            READ,
        ),
        rule(
            "Event types: those that Knative does not create, for sinks in the older form.",
            "eventing.knative.dev",
            &["eventtypes"],
            &["list", "create", "patch", "delete"],
        ),
        rule(
            "Kubernetes events, as in `kubectl describe`.",
            "events.k8s.io",
            &["events"],
            &["create", "patch"],
        ),
    ];
    if config.keda {
        rules.push(rule(
            "KEDA: the objects by which it scales adapters, where annotations request them.",
            "keda.sh",
            &["scaledobjects"],
            &["get", "create", "patch", "delete"],
        ));
    }
    rules
}

/// In Knative's namespace, for a controller that may not read ConfigMaps everywhere. Their names are
/// not known in advance: trust bundles have a label.
fn knative_rules() -> Vec<Commented<PolicyRule>> {
    vec![rule(
        "Trust bundles of the whole cluster, and Knative's settings for logs, metrics and traces.",
        "",
        &["configmaps"],
        &["list", "watch"],
    )]
}

/// In the controller's own namespace. The name cannot be limited for the creation of a lease.
fn lease_rules() -> Vec<Commented<PolicyRule>> {
    const LEASES: &str = "coordination.k8s.io";
    let mut its_own = rule(
        "Leader election: the controller's lease.",
        LEASES,
        &["leases"],
        &["get", "update"],
    );
    its_own.0.resource_names = Some(vec![CONTROLLER.to_owned()]);
    vec![
        its_own,
        rule(
            "Leader election: the lease, once.",
            LEASES,
            &["leases"],
            &["create"],
        ),
    ]
}

/// Without it, Knative's eventing-controller cannot watch sources, and `kn source list` hides
/// every kind that is not built in.
fn observer() -> Role {
    let metadata = with_labels(
        ours(named("eventing-sources-mnsoss-source-observer")),
        &[("duck.knative.dev/source", "true")],
    );
    Role::cluster(
        metadata,
        vec![rule(
            "Knative's source-observer: eventing-controller and `kn`.",
            GROUP,
            &[SOURCES],
            READ,
        )],
    )
}

/// Knative's eventing-controller makes a source the owner of its `EventType`s, and blocks the
/// source's deletion by that. Where the cluster checks such owner references (the admission
/// plugin `OwnerReferencesPermissionEnforcement`, which `OpenShift` turns on), it needs this right.
/// Knative adds every role with the label to `source-observer`, which only that controller has.
fn owner() -> Role {
    let metadata = with_labels(
        ours(named("eventing-sources-mnsoss-source-owner")),
        &[("duck.knative.dev/source", "true")],
    );
    let finalizers = format!("{SOURCES}/finalizers");
    Role::cluster(
        metadata,
        vec![rule(
            "Knative's eventing-controller: EventTypes that a source owns, where clusters check owners.",
            GROUP,
            &[&finalizers],
            &["update"],
        )],
    )
}

fn aggregated(to: &str, user: &str, verbs: &[&str]) -> Role {
    let label = format!("rbac.authorization.k8s.io/aggregate-to-{to}");
    let metadata = ours(named(&format!("eventing-sources-mnsoss-{to}")));
    let metadata = with_labels(metadata, &[(&label, "true")]);
    let scale = format!("{SOURCES}/scale");
    let mut rules = vec![rule(user, GROUP, &[SOURCES, &scale], verbs)];
    if verbs != READ {
        rules.push(rule(
            "The same: the status of sources.",
            GROUP,
            &[&status()],
            READ,
        ));
    }
    Role::cluster(metadata, rules)
}

/// The walkthrough binds this role to the adapter's account. It used to be the controller's
/// own, with every Secret in the cluster; an adapter needs nothing.
fn adapter() -> Role {
    Role::cluster(ours(named(ADAPTER_ROLE)), Vec::new())
}

fn status() -> String {
    format!("{SOURCES}/status")
}

/// Metadata of the controller's cluster-scoped objects.
fn controllers(config: &Config, suffix: &str) -> ObjectMeta {
    let name = format!("{CONTROLLER}{suffix}");
    let namespace = &config.controller_namespace;
    ours(cluster_wide(&name, namespace, CONTROLLER_NAMESPACE))
}

fn role_name(config: &Config) -> String {
    controllers(config, "").name.unwrap_or_default()
}

fn bound(config: &Config, suffix: &str, to: &str) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: controllers(config, suffix),
        role_ref: role("ClusterRole", to),
        subjects: Some(vec![controller(config)]),
    }
}

fn bound_in(config: &Config, metadata: ObjectMeta, to: RoleRef) -> RoleBinding {
    RoleBinding {
        metadata: ours(metadata),
        role_ref: to,
        subjects: Some(vec![controller(config)]),
    }
}

fn controller(config: &Config) -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: CONTROLLER.to_owned(),
        namespace: Some(config.controller_namespace.clone()),
        api_group: None,
    }
}

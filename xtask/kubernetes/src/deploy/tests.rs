mod cluster;
mod console;
mod doctor;

use serde_json::{Value, json};

use self::cluster::FakeCluster;
use super::undeploy::undeploy;
use super::*;

const SECRET: &str = "/api/v1/namespaces/photos/secrets/keys";
const SERVICE: &str = "/apis/serving.knative.dev/v1/namespaces/photos/services/marks";
const BROKER: &str = "/apis/eventing.knative.dev/v1/namespaces/photos/brokers/default";
const SOURCE: &str =
    "/apis/sources.eventing.knative.dev/v1alpha1/namespaces/photos/mnsosssources/faces";
const NAMESPACE: &str = "/api/v1/namespaces/photos";

fn objects(documents: &[Value]) -> Vec<DynamicObject> {
    documents
        .iter()
        .map(|document| serde_json::from_value(document.clone()).unwrap())
        .collect()
}

fn deployment() -> Vec<DynamicObject> {
    deployment_of("photos")
}

/// With its sample in `namespace`, and the controller where every other deployment has it.
fn deployment_of(namespace: &str) -> Vec<DynamicObject> {
    objects(&[
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "photos"}}),
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "mnsosssources.sources.eventing.knative.dev"},
            "spec": {"group": "sources.eventing.knative.dev", "versions": [{"name": "v1alpha1"}],
                "names": {"kind": "MnsOssSource", "plural": "mnsosssources"}}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": namespace}, "data": {"mns": "c2VjcmV0"}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "controller", "namespace": "photos"},
            "spec": {"replicas": 1}}),
        json!({"apiVersion": "eventing.knative.dev/v1", "kind": "Broker", "metadata": {"name": "default", "namespace": namespace}}),
        json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "marks", "namespace": namespace},
            "spec": {"template": {"spec": {"volumes": [{"name": "keys", "secret": {"secretName": "keys"}}]}}}}),
        json!({"apiVersion": "sources.eventing.knative.dev/v1alpha1", "kind": "MnsOssSource",
            "metadata": {"name": "faces", "namespace": namespace},
            "spec": {"accessToken": {"secretKeyRef": {"name": "keys", "key": "mns"}}}}),
    ])
}

/// The same with other keys.
fn deployment_with_new_keys() -> Vec<DynamicObject> {
    let mut objects = deployment();
    objects[2].data["data"]["mns"] = json!("bmV3");
    objects
}

async fn deploy_to(fake: &FakeCluster) -> Result<()> {
    deploy_objects(fake, deployment()).await
}

async fn deploy_objects(fake: &FakeCluster, objects: Vec<DynamicObject>) -> Result<()> {
    let mut cluster = Cluster::discover(fake.client()).await?;
    let checked = requirements::check(&cluster, objects)?;
    let timeout = Duration::from_secs(5);
    deploy(&mut cluster, &checked.objects, timeout, &Progress::hidden()).await
}

async fn undeploy_from(fake: &FakeCluster) -> Result<()> {
    undeploy_objects(fake, &deployment()).await
}

async fn undeploy_objects(fake: &FakeCluster, objects: &[DynamicObject]) -> Result<()> {
    let cluster = Cluster::discover(fake.client()).await?;
    undeploy(
        &cluster,
        objects,
        Duration::from_secs(5),
        &Progress::hidden(),
    )
    .await
}

#[tokio::test(start_paused = true)]
async fn objects_are_applied_in_order_and_remembered_before_they_are_made() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    insta::assert_snapshot!(fake.writes().join("\n"), @r"
    apply photos
    apply mnsosssources.sources.eventing.knative.dev
    apply knative-mnsoss-deployed
    apply keys
    apply controller
    apply default
    apply marks
    apply faces
    ");
}

#[tokio::test(start_paused = true)]
async fn a_second_deployment_changes_nothing() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    let versions = |fake: &FakeCluster| -> Vec<_> {
        fake.paths()
            .iter()
            .map(|path| fake.get(path).unwrap()["metadata"]["resourceVersion"].clone())
            .collect()
    };
    let before = versions(&fake);
    deploy_to(&fake).await.unwrap();
    assert_eq!(versions(&fake), before);
}

#[tokio::test(start_paused = true)]
async fn what_was_deployed_is_removed_and_nothing_is_left() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    fake.writes();
    undeploy_from(&fake).await.unwrap();
    insta::assert_snapshot!(fake.writes().join("\n"), @r"
    delete faces
    delete marks
    delete default
    delete controller
    delete keys
    delete mnsosssources.sources.eventing.knative.dev
    delete knative-mnsoss-deployed
    delete photos
    ");
    assert_eq!(fake.paths(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_was_there_before_stays() {
    let fake = FakeCluster::new();
    fake.put(
        BROKER,
        json!({"apiVersion": "eventing.knative.dev/v1", "kind": "Broker",
        "metadata": {"name": "default", "namespace": "photos"}}),
    );
    deploy_to(&fake).await.unwrap();
    undeploy_from(&fake).await.unwrap();
    // The namespace is ours, but somebody's Broker is in it.
    assert_eq!(fake.paths(), [NAMESPACE, BROKER]);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_was_created_again_stays() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    fake.put(SECRET, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "photos"}}));
    undeploy_from(&fake).await.unwrap();
    assert_eq!(fake.paths(), [NAMESPACE, SECRET]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_rendered_is_removed_all_the_same() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    let cluster = Cluster::discover(fake.client()).await.unwrap();
    let is_rendered = |object: &DynamicObject| {
        ["Namespace", "MnsOssSource"].contains(&Identity::of(object).kind.as_str())
    };
    let today: Vec<_> = deployment().into_iter().filter(is_rendered).collect();
    undeploy(
        &cluster,
        &today,
        Duration::from_secs(5),
        &Progress::hidden(),
    )
    .await
    .unwrap();
    assert_eq!(fake.paths(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn of_two_deployments_one_goes_without_the_other() {
    let fake = FakeCluster::new();
    deploy_objects(&fake, deployment_of("albums"))
        .await
        .unwrap();
    let of_one = fake.paths();
    deploy_to(&fake).await.unwrap();
    undeploy_from(&fake).await.unwrap();
    assert_eq!(fake.paths(), of_one);
    undeploy_objects(&fake, &deployment_of("albums"))
        .await
        .unwrap();
    assert_eq!(fake.paths(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_source_counts_once_its_controller_has_seen_the_secret() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    fake.blind("faces");
    let error = deploy_objects(&fake, deployment_with_new_keys()).await;
    insta::assert_snapshot!(error.unwrap_err(), @r"
    not ready after 5 s:
    MnsOssSource photos/faces: the controller has not read the current version of the Secret keys yet; see `kubectl -n photos describe mnsosssource.sources.eventing.knative.dev faces`
    ");
}

#[tokio::test(start_paused = true)]
async fn a_changed_secret_makes_a_new_revision_of_what_mounts_it() {
    let fake = FakeCluster::new();
    let versions = || {
        let noted = fake.get(SERVICE).unwrap()["spec"]["template"]["metadata"]["annotations"]
            ["deploy.mnsoss/secret-version"]
            .clone();
        let secret = fake.get(SECRET).unwrap()["metadata"]["resourceVersion"].clone();
        assert_eq!(noted, secret);
        noted
    };
    deploy_to(&fake).await.unwrap();
    let before = versions();
    deploy_objects(&fake, deployment_with_new_keys())
        .await
        .unwrap();
    assert_ne!(versions(), before);
}

#[tokio::test(start_paused = true)]
async fn sources_of_others_are_not_lost_with_their_definition() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    let theirs = SOURCE.replace("/faces", "/theirs");
    fake.put(
        &theirs,
        json!({"apiVersion": "sources.eventing.knative.dev/v1alpha1", "kind": "MnsOssSource",
        "metadata": {"name": "theirs", "namespace": "photos"}}),
    );
    fake.writes();
    let error = undeploy_from(&fake).await.unwrap_err();
    insta::assert_snapshot!(error, @"the cluster has sources that no deployment created, and they would be lost: delete them first: MnsOssSource photos/theirs");
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_object_that_does_not_become_ready_is_explained() {
    let fake = FakeCluster::new();
    fake.never_ready("default");
    fake.never_ready("controller");
    let error = deploy_to(&fake).await.unwrap_err();
    insta::assert_snapshot!(error, @r"
    not ready after 5 s:
    Deployment photos/controller: 0 of 1 replicas are available; see `kubectl -n photos describe deployment.apps controller`
    Broker photos/default: Ready is False: Because: of the test; see `kubectl -n photos describe broker.eventing.knative.dev default`
    ");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_does_not_go_is_explained() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    fake.hold("faces");
    fake.writes();
    let error = undeploy_from(&fake).await.unwrap_err();
    insta::assert_snapshot!(error, @r"
    still there after 5 s:
    MnsOssSource photos/faces: is held by the finalizer example.com/held; see `kubectl -n photos describe mnsosssource.sources.eventing.knative.dev faces`
    ");
    // The controller, which could still let go of it, was not touched.
    assert_eq!(fake.writes(), ["delete faces"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_applied_onto_what_is_being_deleted() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    fake.hold("mnsosssources.sources.eventing.knative.dev");
    undeploy_from(&fake).await.unwrap_err();
    fake.writes();
    let error = deploy_to(&fake).await.unwrap_err();
    insta::assert_snapshot!(error, @r"
    still there after 5 s:
    CustomResourceDefinition mnsosssources.sources.eventing.knative.dev: is held by the finalizer example.com/held; see `kubectl describe customresourcedefinition.apiextensions.k8s.io mnsosssources.sources.eventing.knative.dev`
    ");
    assert_eq!(fake.writes(), ["apply photos"]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_applied_to_a_cluster_without_knative() {
    let fake = FakeCluster::new();
    fake.without("eventing.knative.dev");
    fake.without("serving.knative.dev");
    let mut objects = deployment();
    objects.extend(self::objects(&[
        json!({"apiVersion": "eventing.knative.dev/v1", "kind": "Trigger", "metadata": {"name": "x", "namespace": "photos"}}),
    ]));
    let error = deploy_objects(&fake, objects).await.unwrap_err();
    insta::assert_snapshot!(error, @r"
    the cluster does not know Broker and Trigger of eventing.knative.dev/v1: install Knative Eventing:
      kubectl apply -f https://github.com/knative/eventing/releases/download/knative-v1.22.2/eventing-crds.yaml
      kubectl apply -f https://github.com/knative/eventing/releases/download/knative-v1.22.2/eventing-core.yaml
      kubectl apply -f https://github.com/knative/eventing/releases/download/knative-v1.22.2/in-memory-channel.yaml
      kubectl apply -f https://github.com/knative/eventing/releases/download/knative-v1.22.2/mt-channel-broker.yaml
    the cluster does not know Service of serving.knative.dev/v1: install Knative Serving:
      kubectl apply -f https://github.com/knative/serving/releases/download/knative-v1.22.1/serving-crds.yaml
      kubectl apply -f https://github.com/knative/serving/releases/download/knative-v1.22.1/serving-core.yaml
      kubectl apply -f https://github.com/knative-extensions/net-kourier/releases/download/knative-v1.22.1/kourier.yaml
    ");
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn placeholders_never_take_the_place_of_keys() {
    let fake = FakeCluster::new();
    let cluster = Cluster::discover(fake.client()).await.unwrap();
    let (keyless, progress) = (Config::standard(), Progress::hidden());
    let kept = keys::keep(&cluster, deployment(), &keyless, &progress).await;
    insta::assert_snapshot!(kept.unwrap_err(), @"nothing to put into Secret photos/keys: set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET");
    fake.put(SECRET, json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "photos"}}));
    let kept = keys::keep(&cluster, deployment(), &keyless, &progress)
        .await
        .unwrap();
    assert_eq!(kept.len(), deployment().len() - 1);
    let key = |name: &str| {
        name.starts_with("ALIBABA_CLOUD_ACCESS_KEY")
            .then(|| "key".to_owned())
    };
    let keyed = Config::load("", key).unwrap();
    let kept = keys::keep(&cluster, deployment(), &keyed, &progress)
        .await
        .unwrap();
    assert_eq!(kept.len(), deployment().len());
}

#[tokio::test(start_paused = true)]
async fn an_old_version_of_a_kind_is_distinguished_from_a_missing_one() {
    let fake = FakeCluster::new();
    let cluster = Cluster::discover(fake.client()).await.unwrap();
    let old = json!({"apiVersion": "eventing.knative.dev/v1alpha1", "kind": "Trigger", "metadata": {"name": "x"}});
    let error = requirements::check(&cluster, objects(&[old])).unwrap_err();
    insta::assert_snapshot!(error, @"the cluster does not know Trigger of eventing.knative.dev/v1alpha1: it serves the versions v1: deploy with `--profile current`");
}

#[tokio::test(start_paused = true)]
async fn what_only_istio_knows_is_left_out_elsewhere() {
    let fake = FakeCluster::new();
    let cluster = Cluster::discover(fake.client()).await.unwrap();
    let entry = json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": {"name": "x"}});
    let checked = requirements::check(&cluster, objects(&[entry])).unwrap();
    assert_eq!(checked.objects.len(), 0);
    assert_eq!(checked.left_out[0].to_string(), "ServiceEntry x");
}

#[tokio::test(start_paused = true)]
async fn differences_show_what_changes_but_no_secret() {
    let fake = FakeCluster::new();
    deploy_to(&fake).await.unwrap();
    fake.writes();
    let cluster = Cluster::discover(fake.client()).await.unwrap();
    let mut changed = deployment();
    changed[2].data["data"]["mns"] = json!("bmV3");
    changed[2].metadata.labels = Some([("kept".to_owned(), "yes".to_owned())].into());
    changed[3].data["spec"]["replicas"] = json!(2);
    let mut differences = String::new();
    for object in &changed {
        differences += &diff::diff(&cluster, object).await.unwrap();
    }
    insta::assert_snapshot!(differences, @r#"
    --- Secret photos/keys in the cluster
    +++ Secret photos/keys deployed
    @@ -1,9 +1,11 @@
     apiVersion: v1
     data:
    -  mns: (hidden)
    +  mns: (hidden, new)
     kind: Secret
     metadata:
       annotations:
         deploy.mnsoss/made-by: knative-mnsoss-deploy
    +  labels:
    +    kept: "yes"
       name: keys
       namespace: photos
    --- Deployment photos/controller in the cluster
    +++ Deployment photos/controller deployed
    @@ -6,4 +6,4 @@
       name: controller
       namespace: photos
     spec:
    -  replicas: 1
    +  replicas: 2
    "#);
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_rendered_can_be_deployed_and_removed() {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        cluster: ClusterArgs,
    }
    let args = <Cli as clap::Parser>::parse_from(["deploy"]).cluster;
    let config = Config::load("console.enabled = true", |_| None).unwrap();
    let rendered = args.objects(&config).unwrap();
    let (fake, progress, timeout) = (FakeCluster::new(), Progress::hidden(), args.timeout());
    let mut cluster = Cluster::discover(fake.client()).await.unwrap();
    let checked = requirements::check(&cluster, rendered.clone()).unwrap();
    let left_out: Vec<_> = checked.left_out.iter().map(ToString::to_string).collect();
    assert_eq!(left_out, ["ServiceEntry default/alimns-ext"]);
    deploy(&mut cluster, &checked.objects, timeout, &progress)
        .await
        .unwrap();
    // Each of them, and what is remembered.
    assert_eq!(fake.paths().len(), checked.objects.len() + 1);
    undeploy(&cluster, &rendered, timeout, &progress)
        .await
        .unwrap();
    assert_eq!(fake.paths(), Vec::<String>::new());
}
